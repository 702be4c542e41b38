# The server with its browser and ffmpeg. docs/deploy.md describes how to run it; test/container.test.ts plays its last stage.
FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
# No package runs a script during the install, and no browser is downloaded.
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs --fresh && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
# The shell is the browser without a window, which needs half of the memory; it needs the files of the whole one.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates chromium chromium-headless-shell ffmpeg fonts-noto-color-emoji tini \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o 10001 -g 10001 -m 700 /data
WORKDIR /app
COPY --from=build /src/package.json /src/LICENSE ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
# `container` tells programs that they run in one (systemd, "The Container Interface").
ENV NODE_ENV=production \
  container=oci \
  WHATSAPP_AUTH_DIR=/data \
  WHATSAPP_MCP_HOST=0.0.0.0
# A number without a name: no file of the image belongs to it, except the volume.
USER 10001:10001
VOLUME /data
EXPOSE 8790
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WHATSAPP_MCP_PORT || 8790}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# tini ends what the browser leaves behind, and passes SIGTERM on.
ENTRYPOINT ["tini", "--", "node", "/app/dist/main.js"]
CMD ["serve"]
