"""State: tables, unit of work, ledger, audit chain, directory, embedded server. The sole door to SQLAlchemy."""
