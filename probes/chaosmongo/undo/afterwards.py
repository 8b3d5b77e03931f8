"""Finding the cluster and the database of a run again, when its runner is gone."""

import time

from chaosmongo import guard, locate
from chaosmongo.cluster import Cluster
from chaosmongo.config import Config
from chaosmongo.database import Address, Registrations, Scores
from chaosmongo.errors import CannotUndo, ChaosMongoError, DatabaseRefuses, DatabaseUnavailable, NotFound
from chaosmongo.history.records import Run
from chaosmongo.tunnel.handle import Tunnel

LOOKS_EVERY_S = 0.5


class Afterwards:
    """Where a run took place. mongo_uri: "" to find MongoDB through the cluster, as the run did.

    The database is looked for when it is first asked for, for at most timeout_s: a pod that the run had deleted may not
    be back yet. Raises ChaosMongoError each time where it is not found, or is another one.
    """

    def __init__(self, run: Run, mongo_uri: str, timeout_s: float) -> None:
        self._run = run
        self._uri = mongo_uri
        self._timeout_s = timeout_s
        self._found: Address | ChaosMongoError | None = None
        self._cluster: Cluster | None = None
        self._tunnel = Tunnel()  # it ends with this process

    @property
    def run(self) -> Run:
        return self._run

    def scores(self) -> Scores:
        return self._scores(self._address())

    def registrations(self) -> Registrations:
        return Registrations(self._address(), self._run.target.database)

    def in_cluster(self) -> Cluster:
        """The run's cluster, known by its namespace. Raises CannotUndo where it is another one, or cannot be told."""
        if self._cluster is None:
            self._cluster = self._same_cluster()
        return self._cluster

    def _same_cluster(self) -> Cluster:
        namespace, expected = self._run.target.namespace, self._run.found.namespace_uid
        if not namespace or not expected:
            raise CannotUndo("In which cluster this run took place is not on its record: take it back by hand")
        cluster = Cluster()
        guard.check_namespace(cluster, namespace)
        uid = guard.namespace_uid(cluster, namespace)
        if uid != expected:
            raise CannotUndo(
                f"Namespace {namespace} at {cluster.server} is not the one of the run (UID {uid}, not "
                f"{expected}): point KUBECONFIG at the run's cluster, if it is there still"
            )
        return cluster

    def _address(self) -> Address:
        if self._found is None:
            try:
                self._found = self._answering()
                self._recognize(self._found)
            except ChaosMongoError as error:
                self._found = error
        if isinstance(self._found, ChaosMongoError):
            raise self._found
        return self._found

    def _answering(self) -> Address:
        """The address of a server that answers, within the time."""
        end, target = time.monotonic() + self._timeout_s, self._run.target
        while True:
            try:
                address = self._looked_up()
                patience_s = max(1.0, min(5.0, end - time.monotonic()))
                with Scores(address, target.database, target.collection, patience_s) as scores:
                    scores.check(patience_s)
            except DatabaseRefuses:
                raise
            except (NotFound, DatabaseUnavailable):
                if time.monotonic() > end:
                    raise
                time.sleep(LOOKS_EVERY_S)
            else:
                return address

    def _looked_up(self) -> Address:
        if self._uri:
            address = Address(self._uri)
            address.parsed()
            return address
        target, found = self._run.target, self._run.found
        if not target.namespace or not found.service:
            raise CannotUndo(
                f"The run was given the URI of MongoDB ({found.mongo or 'its address is not on record'}), which is not "
                "recorded: set MONGO_URI to it, or give --mongo-uri"
            )
        cluster = self.in_cluster()
        config = Config(
            namespace=target.namespace,
            mongo_service=found.service,
            mongo_secret=found.secret,
            database=target.database,
        )
        return locate.mongo(config, cluster, self._tunnel)

    def _recognize(self, address: Address) -> None:
        """Raises CannotUndo where a URI leads to some other database than the run's: taking nothing back there must not
        be taken for having taken everything back.
        """
        if not self._uri or address.shown == self._run.found.mongo or self._is_known_at(address):
            return
        raise CannotUndo(
            f"MongoDB at {address.shown} holds nothing of this run, which was at work on "
            f"{self._run.found.mongo or 'an address that is not on record'}: is it another database?"
        )

    def _is_known_at(self, address: Address) -> bool:
        marker = self._run.marker
        with Registrations(address, self._run.target.database) as registrations:
            if registrations.own(marker) is not None:
                return True
        with self._scores(address) as scores:
            return scores.knows(marker)

    def _scores(self, address: Address) -> Scores:
        return Scores(address, self._run.target.database, self._run.target.collection)
