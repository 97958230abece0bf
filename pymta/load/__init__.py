"""How busy this machine is: load average and pressure.

reading    a reading, and whether it is above a limit
gauge      takes a reading
room       what is free on a disk
"""
