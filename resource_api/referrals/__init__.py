"""WHO WENT WHERE: referrals, their events, who may move them, and what came of it."""
