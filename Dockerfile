# The server as an image: `docker build -t telefuser-stream .`; with Python for Python pipelines: `docker build --target python -t telefuser-stream:python .`
# docs/deploy.md says how to run it, and how to put a pipeline of your own on top.
#
# LICENCE: node-av's prebuilt binary, which is in node_modules, is FFmpeg 8 under the GPL version 3. Whoever hands the image on must meet its terms.
ARG NODE_IMAGE=node:26.10.0-trixie-slim

# What is needed at run time, and nothing of what is needed to build and test.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/client/package.json packages/client/
COPY packages/studio/package.json packages/studio/
# Not `npm ci`: it refuses a lock file without the binaries of other platforms.
RUN npm install --omit=dev --no-audit --no-fund --loglevel=error

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/client/package.json packages/client/
COPY packages/studio/package.json packages/studio/
# The image's own Node builds: without its script the package "node" is empty.
RUN npm install --ignore-scripts --no-audit --no-fund --loglevel=error
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src src
RUN node node_modules/@nestjs/cli/bin/nest.js build
COPY packages packages
# The studio is made with the client.
RUN node node_modules/typescript/bin/tsc -p packages/client \
 && node node_modules/vite/bin/vite.js build packages/studio

FROM ${NODE_IMAGE} AS base
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY deploy/docker/NOTICE ./
COPY bin bin
COPY --from=build /app/packages/studio/dist packages/studio/dist
COPY python/telefuser_host python/telefuser_host
COPY python/libraries python/libraries
COPY pipelines pipelines
LABEL org.opencontainers.image.title="telefuser-stream" \
      org.opencontainers.image.description="Streams generative video pipelines to browsers over WebRTC" \
      org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-or-later"
# By number, so that Kubernetes can tell that it is not root.
USER 10001:10001
EXPOSE 8088/tcp 9090/tcp
ENTRYPOINT ["node", "/app/bin/telefuser.js"]
CMD ["stream-serve", "pipelines/test-pattern"]

# Python of the distribution, with what frames are made of. PyTorch and the like go on top: into /app/.venv, which the server looks for.
FROM base AS python
ARG PYTHON_PACKAGES="python3 python3-venv python3-numpy python3-pil python3-av"
USER 0:0
# hadolint ignore=DL3008,SC2086
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ${PYTHON_PACKAGES} \
 && rm -rf /var/lib/apt/lists/*
USER 10001:10001

# The last one is what is built when none is named.
FROM base AS server
