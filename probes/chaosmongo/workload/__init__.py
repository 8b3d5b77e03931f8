"""The workload: processes of their own that ask the database, as a server, through its driver, and as a player would.

    settings   what each process is told on its standard input, and its share
    concern    the write concern of the driver lane
    schedule   when which operation is due (open-loop: nothing waits for the operation before)
    hello      the server lane's pulse: hello on raw connections, one thread, microseconds late
    addresses  where the servers are, looked up where it costs no time
    pool       operations that wait for an answer, each on a thread of its own, at most so many at once
    server     the server lane's journaled writes and reads, on raw connections
    driver     the driver lane: pymongo as an application uses it
    user       the user lane: HTTP, as a player's browser does it
    outcome    what is known of an operation afterwards: ok, fail, info
    workload   plans, records what it is about to do, hands it to the lanes, records what came of it
    channel    its end of what it is told and says: pipes, or a socket
    __main__   one process of it
    shard      one process of it, as its runner deals with it: beside the runner (local), or started by others (remote)
    job        pods for such others
    handle     the runner's end: has the processes started, tells them things, stops them

It ends when it is told to, when it gets SIGTERM, or when its channel ends because the runner is gone; in each
case it closes its record first.
"""
