# The portal's image: the same processes as ./portal up, each in a container of its own, or all in one.
FROM python:3.13-slim AS build
WORKDIR /portal
COPY requirements/portal.txt requirements/portal.txt
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: \
    -r requirements/portal.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2 PORTAL_MODE=production PORTAL_DATA_DIR=/data
RUN useradd --system --uid 10001 --home-dir /data --create-home portal
COPY --from=build /venv /venv
WORKDIR /portal
COPY . .
RUN python -m compileall -q .
USER portal
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["python", "-m", "hmhp_portal.web", "--host", "0.0.0.0", "--port", "8000"]
