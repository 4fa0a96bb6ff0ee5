"""The real q2google, pointed at the services that the environment names."""

import os

from gopro_api.api.async_gopro import AsyncGoProAPI
from q2google.cli import app
from q2google.gphotos.api import GooglePhotosAPI

AsyncGoProAPI.base_url = property(lambda self: os.environ["GONDOLA_GOPRO_URL"])
GooglePhotosAPI.base_url = property(lambda self: os.environ["GONDOLA_GPHOTOS_URL"] + "/v1/")
os.environ["Q2GOOGLE_CREDENTIALS_PATH"] = os.environ["GONDOLA_CREDENTIALS"]
os.environ["Q2GOOGLE_TOKEN_PATH"] = os.environ["GONDOLA_TOKEN"]

app()
