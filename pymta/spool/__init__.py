"""The spool: a message on disk, safe against a pulled plug at any instruction.

states              the table first: which files a message has, each legal step, each crash
store               the shape of a spool, which is all that callers know
outcomes            what happened to a message since: records, and a state
fold                from those to that
recipients          everybody who is to have it, redirections included
record              the message file, format version 1
journal_lines       its journal, format version 1
json_fields         typed reading of what may be damaged
paths               names below the spool directory

elsewhere           its place on another disk, before it is opened

disk                one method per system call, and no module below makes one
queues              the directories that hold messages, one for each queue
places              all directories, and the number of this host
intake              a message comes in
claim               one process has it: records, removal
opened, scan        reading: one message, the whole queue
glance              what a listing shows of a message, for less
listing             a whole queue, most of it as the last listing has seen it
aside, sweep        what cannot be read; what stopped processes left
files               all of it together: `FileSpool`
"""
