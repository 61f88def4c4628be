# One image for both servers: `docker compose up` runs `hotseat core` and `hotseat edge` from it.
FROM python:3.11-slim

WORKDIR /opt/hotseat
COPY . .
RUN pip install --no-cache-dir -c constraints.txt ./clients/python . \
    && useradd --uid 10001 --create-home hotseat \
    && install -d -o hotseat -g hotseat /data /workspace /run/hotseat

USER hotseat
WORKDIR /workspace
ENV HOTSEAT_DATA_DIR=/data WORKSPACE_DIR=/workspace PYTHONUNBUFFERED=1
ENTRYPOINT ["hotseat"]
CMD ["up"]
