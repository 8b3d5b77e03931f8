"""High scores in MongoDB: the collections and document fields of the Pac-Man demo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from pymongo import DESCENDING, AsyncMongoClient, WriteConcern

from kubelab.images.pacman.settings import Settings

# The demo's write concern: a write that is acknowledged is in the journal of a majority.
DURABLE = WriteConcern(w="majority", j=True, wtimeout=10_000)
# A player should not wait for a database that is not there: 2 s until it is found, 12 s for a command (more than
# wtimeout). Drivers would wait 30 s and for ever.
TIMEOUTS_MS: dict[str, Any] = {"serverSelectionTimeoutMS": 2_000, "connectTimeoutMS": 2_000, "socketTimeoutMS": 12_000}

Document = dict[str, Any]
LISTED = ("name", "cloud", "zone", "host", "score")
STATISTICS = ("cloud", "zone", "host", "score", "level", "lives", "et", "txncount")


class Scores:
    """The application's view of its database. Every call may raise pymongo.errors.PyMongoError."""

    def __init__(self, settings: Settings) -> None:
        self._client: AsyncMongoClient[Document] = AsyncMongoClient(
            appname="pacman", **TIMEOUTS_MS, **settings.client_options()
        )
        database = self._client.get_database(settings.database, write_concern=DURABLE)
        self._scores = database["highscore"]
        self._users = database["userstats"]

    async def add(self, score: Document) -> None:
        """Insert one high score; it is durable when this returns."""
        await self._scores.insert_one({**score, "date": date_string()})

    async def best(self, count: int = 10) -> list[Document]:
        """The highest scores, best first."""
        projection = {"_id": 0, **dict.fromkeys(LISTED, 1)}
        cursor = self._scores.find({}, projection).sort("score", DESCENDING).limit(count)
        return [{key: row.get(key) for key in LISTED} for row in await cursor.to_list()]

    async def new_user(self) -> str:
        """A new player's id."""
        result = await self._users.insert_one({"date": date_string()})
        return str(result.inserted_id)

    async def save_statistics(self, user: str, statistics: Mapping[str, object]) -> bool:
        """Keep a player's state of play; False when there is no such player."""
        try:
            key = ObjectId(user)
        except InvalidId:
            return False
        change = {"$set": {**statistics, "date": date_string()}, "$inc": {"txncount": 1}}
        return (await self._users.update_one({"_id": key}, change)).matched_count == 1

    async def statistics(self) -> list[Document]:
        """The state of play of every player who has one, latest first."""
        cursor = self._users.find({"score": {"$exists": True}}).sort("_id", DESCENDING).limit(1000)
        return [{key: row.get(key) for key in STATISTICS} for row in await cursor.to_list()]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def date_string() -> str:
    """Now, as JavaScript's Date() has it."""
    return datetime.now(UTC).strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")
