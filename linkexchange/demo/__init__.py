"""A network on one machine, to see and to try: hub, two nodes, two PACS, a simulated TI and real DICOM images."""
