"""A port-forward of our own, for a cluster whose Services cannot be reached from here: a process of its own.

    client --TCP--> 127.0.0.1:port --WebSocket--> API server --> kubelet --TCP--> pod

    settings    what the process is told and what it says
    handle      the runner's end of it
    endpoints   which pods of a Service are ready now, as its EndpointSlices say
    queueing    clients that wait for a way to the pod, and the attempts to open one
    relay       bytes between a client and a pod
    listener    one forwarded Service or pod: a new WebSocket for each connection
    added       what the way through it adds, measured
    __main__    the process

Where no pod is ready, the pod refuses, or the WebSocket breaks, the client's connection is reset at once. It had been
made, though: a client cannot tell a refused connection from a lost one, and what it sent counts as unknown, not failed.
The process has the cluster's credentials from where the runner has them (kubeconfig or service account), refreshes them
by itself, and ends when its standard input does.
"""
