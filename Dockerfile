# syntax=docker/dockerfile:1
# Two stages: BUILDER needs npm and apt, BASE is any glibc base with /bin/sh. The result runs as nobody in particular.
ARG BUILDER=node:24-bookworm-slim
ARG BASE=debian:bookworm-slim

FROM ${BUILDER} AS build
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends clang gcc libc6-dev libbpf-dev libelf-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build \
 && npm prune --omit=dev --ignore-scripts \
 && PATH="$PWD/node_modules/.bin:$PATH" node -e "import('/src/dist/agent/adapters/build-sensor.js').then((m) => m.buildSensor('/src/dist/sensor')).then(console.log)" && chmod 755 dist/sensor \
 && mkdir /app \
 && cp -r bin dist proto agent package.json README.md LICENSE node_modules /app/ \
 && find /app/agent /app/proto -name '*.ts' -delete && rm -rf /app/agent/adapters /app/agent/core \
 # better-sqlite3 carries eight prebuilt binaries and SQLite's source; one binary is used.
 && rm -rf /app/node_modules/better-sqlite3/deps /app/node_modules/better-sqlite3/src \
 && find /app/node_modules/better-sqlite3/prebuilds -type f ! -name "linux-$(node -p process.arch).node" -delete \
 && find /app -name '*.d.ts' -delete -o -name '*.map' -delete

FROM ${BASE}
COPY --from=build /app /app
ENV WHORL_DATA_DIR=/var/lib/whorl
RUN ln -s /app/bin/whorl /usr/local/bin/whorl && mkdir -p /var/lib/whorl /etc/whorl /run/whorl && chown 65532:65532 /var/lib/whorl /run/whorl
# The collector needs no right on the node. The agent is started with `--user 0` and the capabilities docs/operations.md lists.
USER 65532:65532
VOLUME /var/lib/whorl
EXPOSE 7443
ENTRYPOINT ["/app/bin/whorl"]
CMD ["collector"]
