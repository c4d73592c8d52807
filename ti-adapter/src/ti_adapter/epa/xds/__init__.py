"""The XDS Document Service of the ePA: IHE messages as values, in SOAP 1.2 with MTOM."""
