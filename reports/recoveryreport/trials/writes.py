"""What became of the acknowledged writes in all runs, and what a count of 0 does not rule out."""

from collections.abc import Sequence

from recoveryreport.statistics import bound_for_none, share

from .recorded import Fates
from .records import Writes


def writes(found: Sequence[Fates]) -> Writes:
    """Of the runs whose fates are known. A run is the unit: writes that are lost are lost together."""
    spoilt = sum(fates.spoilt > 0 for fates in found)
    durable = [fates.durability for fates in found]
    seeds = [fates.seeds for fates in found if fates.seeds is not None]
    return Writes(
        runs=len(found),
        acknowledged=sum(d.kept + d.lost + d.altered + d.duplicated for d in durable),
        lost=sum(d.lost for d in durable),
        altered=sum(d.altered for d in durable),
        duplicated=sum(d.duplicated for d in durable),
        applied=sum(d.applied for d in durable),
        phantoms=sum(d.phantoms for d in durable),
        stale_reads=sum(d.stale_reads for d in durable),
        seeded=sum(s.count for s in seeds),
        seeded_spoilt=sum(s.missing + s.altered + s.duplicated for s in seeds),
        runs_with_loss=spoilt,
        at_most=bound_for_none(len(found)) if found and not spoilt else None,
        between=share(spoilt, len(found)) if spoilt else None,
    )
