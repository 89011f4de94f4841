# The executable, built from source, and the image that installs it on a machine: `docker build --tag oci-measure .`
#
#   docker run --rm --volume /:/host oci-measure install containerd --dry-run
#
# What is missing in BASE is installed from Debian, and npm's packages are fetched unless the context has them: a BASE with libstdc++6, libatomic1
# (and npm) and a node_modules that integration/setup.sh made build without a network.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY . .
RUN [ -d node_modules ] || command -v npm >/dev/null \
  || { apt-get update && apt-get install -y --no-install-recommends ca-certificates npm; }
# Only the set-up needs root.
RUN sh integration/setup.sh build && mkdir dist && chown nobody dist \
  && PATH=/src/node_modules/.bin:$PATH setpriv --reuid=nobody --regid=nogroup --clear-groups node tools/build/build.ts

FROM ${BASE}
# What Node 26, and so the executable, is linked to.
RUN dpkg-query -W -f '${db:Status-Status}\n' libstdc++6 libatomic1 2>/dev/null | grep -c '^installed$' | grep -qx 2 \
  || { apt-get update && apt-get install -y --no-install-recommends libstdc++6 libatomic1 && rm -rf /var/lib/apt/lists/*; }
COPY --from=build /src/dist/oci-measure /usr/bin/oci-measure
COPY --from=build /src/integration/kubernetes/installer.sh /usr/bin/oci-measure-installer
COPY --from=build /src/LICENSE /usr/share/doc/oci-measure/LICENSE
ENTRYPOINT ["oci-measure-installer"]
