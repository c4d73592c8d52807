"""Settings with which no process starts: key, value, and words of the refusal; and databases that are safe."""

from __future__ import annotations

SECRET = "s3cret-canary"
ELSEWHERE = f"postgresql://linkexchange:{SECRET}@db.example/hub"
UNSAFE = {
    "pages for everybody": ("PAGES_HOST", "0.0.0.0", "pages have no login yet"),
    "a hub without TLS": ("HUB_URL", "http://hub.example", "must begin with https://"),
    "a node without TLS": ("NODE_URL", "http://practice.example", "must begin with https://"),
    "a data process without TLS": ("DATA_URL", "http://10.0.0.7", "must begin with https://"),
    "a Konnektor without TLS": ("KONNEKTOR_URL", "http://konnektor.example/", "must begin with https://"),
    "an IDP without TLS": ("IDP_URL", "http://idp.example", "must begin with https://"),
    "a record without TLS": ("RECORD_URLS", "http://epa.example", "must begin with https://"),
    "a database without TLS": ("DATABASE_URL", ELSEWHERE, "needs sslmode=verify-full"),
    "a database that does not prove itself": (
        "DATABASE_URL",
        f"{ELSEWHERE}?sslmode=require",
        "needs sslmode=verify-full",
    ),
    "a database beside a local one": ("DATABASE_URL", f"{ELSEWHERE}?host=127.0.0.1&host=10.0.0.7", "needs sslmode"),
    "its owner without TLS": ("DATABASE_OWNER_URL", ELSEWHERE, "needs sslmode=verify-full"),
    "no password": ("DATABASE_URL", "postgresql://hub@db.example/hub?sslmode=verify-full", "a password of its own"),
    "the name as password": (
        "DATABASE_URL",
        "postgresql://hub:hub@db.example/hub?sslmode=verify-full",
        "a password of",
    ),
    "a default password": ("DATABASE_URL", "postgresql://a:postgres@db.example/a?sslmode=verify-full", "a password of"),
    "a secret in every document": ("LINK_RESOLVER", f"https://hub.example/?token={SECRET}", "without user, query"),
    "a debug switch that does not exist": ("DEBUG", "1", "no such key"),
    "a level that logs all": ("LOG_LEVEL", "trace", "String should match"),
}

PROVEN = [
    "postgresql://role:role@localhost/db",
    "postgresql://role@127.0.0.1:5433/db",
    "postgresql://role@[::1]/db",
    "postgresql://role:role@/db?host=/run/postgresql",
    f"{ELSEWHERE}?sslmode=verify-full&sslrootcert=/etc/ca.pem",
]
