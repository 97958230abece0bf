"""Who has an account: on this machine, and who may log in.

account         what an account of the machine is, and which of them get mail
passwd          ask the system for one; slow where it asks a directory server
password_line   one line of the password file: a name, and what is kept of its password
password_text   all of it: one account, or one that a name which nobody has is made like
password_file   logins by it, read as it is now
password_edit   changes to it
dovecot         logins by Dovecot's auth process
dovecot_words   what is said there
dovecot_known   its list of mechanisms, for all workers
saslauthd       logins by saslauthd, which may ask PAM
inquiry         a question over a socket, within a time limit
told            what an operator was told of trouble, once by all workers
hashes          does a password fit a hash; new ones
back_ends       everybody who checks logins, as the settings name them
senders         as whom an account may send
host_secret     what keeps made-up accounts the same
"""
