"""A queue run: one pass over the messages that are due, by delivery workers of its own.

turn        may it begin beside others
due         which of those that wait it takes, and in which order
known       which of them wait for the same hosts, as hints say
answers     may mail for these hosts be tried now
feed        which message next
pool        what to do next: feed a worker, start one, wait, stop
stop        somebody asked us to end
workers     the processes: born, spoken to, buried
runner      carries out what pool decides
main        one run from first message to last, or several
"""
