"""The spool: a message on disk, safe against a pulled plug at any instruction."""
