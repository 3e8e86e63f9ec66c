"""A django-ogc-sensorthings server; runs in the interop environment: ``python django_sta.py DATABASE``.

Prints its port when it listens. Knows nothing of the console.
"""

import asyncio
import os
import socket
import sys
from uuid import UUID

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.urls import include, path

BACKEND = "sensorthings.versions.v1_1.backends.django"
urlpatterns = []


def main() -> None:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    settings.configure(
        SECRET_KEY="stand-in",  # noqa: S106
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        INSTALLED_APPS=["sensorthings.versions.v1_1", BACKEND, "sensorthings.versions.v1_1.extensions.dataarray"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        SENSORTHINGS_V1_1_SERVICE_URL=f"http://127.0.0.1:{port}/sta",
        SENSORTHINGS_V1_1_BACKEND_ADAPTER=f"{BACKEND}.adapter.DjangoBackendAdapter",
        SENSORTHINGS_V1_1_ID_TYPE=UUID,
        SENSORTHINGS_V1_1_ID_DELIMITER="'",
        SENSORTHINGS_V1_1_MAX_TOP=100,
        SENSORTHINGS_V1_1_MAX_TOP_DATA_ARRAY=100,
    )
    django.setup()
    urlpatterns.append(path("sta/", include("sensorthings.versions.v1_1.urls")))
    call_command("migrate", verbosity=0)
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(get_asgi_application(), log_level="warning", lifespan="off"))
    sock.listen(64)
    print(port, flush=True)
    asyncio.run(server.serve(sockets=[sock]))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    main()
