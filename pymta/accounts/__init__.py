"""Who has an account on this machine.

account    what an account is, and which of them get mail
passwd     ask the system for one; slow where it asks a directory server
"""
