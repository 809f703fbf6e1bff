-- An event goes to the bus (`published_at`) and to the enterprise's Event Grid topic (`announced_at`), each in its own time:
-- while one is away, the other goes on. What was there has been announced, or nobody has asked for it.
ALTER TABLE event ADD COLUMN announced_at timestamptz DEFAULT '-infinity';
ALTER TABLE event ALTER COLUMN announced_at DROP DEFAULT;
UPDATE event SET announced_at = NULL WHERE published_at IS NULL;
CREATE INDEX event_unannounced ON event (recorded_at) WHERE announced_at IS NULL;
