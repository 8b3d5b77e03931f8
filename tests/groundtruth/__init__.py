"""The instrument against truths that are known beforehand.

proxy     a process between client and database that breaks the service for a known time
truth     what it did, and what the outage of the service truly was
service   a real database behind the proxy, the demo's application, and runs that are recorded against them
crash     one database killed under load: what our check says was lost, and what an independent scan says
"""
