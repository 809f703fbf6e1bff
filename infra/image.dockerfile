# One image per release, for the jobs that run inside the network: migrate, deploy, smoke. It holds the package that
# the function apps get, so that whoever has the image can bring exactly that release back.
# The base is that of the function apps: the same Python, and the same system libraries below it.
FROM mcr.microsoft.com/azure-functions/python:4-python3.11

WORKDIR /release
COPY requirements/release.txt requirements/release.txt
RUN python -m pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/release.txt
COPY migrations migrations
COPY partners partners
COPY release release
COPY shared shared
COPY corridor.zip corridor.zip
USER 1000
ENV PYTHONPATH=/release PYTHONDONTWRITEBYTECODE=1
CMD ["python", "-m", "migrations"]
