import type { ImaHost } from './ima-host.ts';

/** containerd's runc, which puts the hook into each config.json, as an engine's configuration would. */
const front = `#!/bin/sh
for word; do
  [ "$previous" != --bundle ] || bundle=$word
  previous=$word
done
if [ -n "$bundle" ]; then
  jq --slurpfile hook /root/hook.json '.hooks.createRuntime += $hook' "$bundle/config.json" >"$bundle/new" || exit
  mv "$bundle/new" "$bundle/config.json"
fi
exec runc "$@"
`;

/** Runs a container of the imported busybox image to its end, and returns what it printed. */
export async function startByContainerd(
  host: ImaHost,
  id: string,
  command: string,
): Promise<string> {
  await host.machine.copyIn('/root/runc-front', front);
  await host.machine.copyIn('/root/hook.json', JSON.stringify(host.hookEntry()));
  return await host.machine.sh(`
    chmod 755 /root/runc-front
    containerd >/run/containerd.log 2>&1 &
    until ctr version >/dev/null 2>&1; do sleep 0.2; done
    ctr image import /srv/busybox.tar >&2
    ctr run --rm --snapshotter overlayfs --runc-binary /root/runc-front localhost/busybox:latest ${id} ${command}
    kill $!`);
}
