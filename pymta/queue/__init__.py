"""A queue run: one pass over the messages that are due, by delivery workers of its own.

turn        may it begin beside others
due         which of those that wait it takes, and in which order
pool        what to do next: feed a worker, start one, wait, stop
stop        somebody asked us to end
workers     the processes: born, spoken to, buried
runner      carries out what pool decides
main        one run from first message to last, or several
"""
