import assert from 'node:assert/strict';
import { Pod } from '#integration/cri/pod';
import type { GuestHost } from './containers.ts';
import { connectCri } from './cri.ts';

const IMAGE = 'localhost/busybox:latest';

/** An engine of a machine, with an image, as its packages set it up and our program changed it. */
export interface GuestEngine {
  readonly title: string;
  /** As `oci-measure install` calls it. */
  readonly name: string;
  /** How many layers there are above the image's. */
  readonly writable: number;
  /** For /bin/sh: has it take its configuration in, and loads the image. */
  readonly start: string;
  /** Runs a container to its end, without a network. */
  run(host: GuestHost): Promise<void>;
}

export const podman = (runtime: 'crun' | 'runc'): GuestEngine => ({
  title: `podman with ${runtime}`,
  name: 'podman',
  writable: 1,
  start: 'podman load --quiet -i /srv/busybox.tar',
  run: async ({ machine }) => {
    const options = `--runtime ${runtime} run --rm --network none`;
    assert.equal(await machine.sh(`podman ${options} ${IMAGE} echo inside`), 'inside\n');
  },
});

export const containerd: GuestEngine = {
  title: 'containerd, through its CRI',
  name: 'containerd',
  writable: 1,
  start: `
    containerd >/run/containerd.log 2>&1 &
    until ctr version >/dev/null 2>&1; do sleep 0.2; done
    for image in busybox pause; do ctr -n k8s.io image import /srv/$image.tar; done`,
  run: async ({ machine }) => {
    using cri = await connectCri(machine);
    await using pod = await Pod.run(cri, 'web');
    const id = await pod.start({ name: 'app', image: IMAGE, command: ['/bin/true'] });
    assert.equal(await pod.ended(id), 0);
  },
};

export const docker: GuestEngine = {
  title: 'Docker',
  name: 'docker',
  // It has a layer of its own between the image and the container's.
  writable: 2,
  start: `
    dockerd >/run/dockerd.log 2>&1 &
    until docker version >/dev/null 2>&1; do sleep 0.2; done
    docker load -i /srv/busybox.tar`,
  run: async ({ machine }) => {
    const printed = await machine.sh(`docker run --rm --network none ${IMAGE} echo inside`);
    assert.equal(printed, 'inside\n');
  },
};

/** What whoever runs a machine without a network and a registry says to its engines. */
export const settings: Readonly<Record<string, string>> = {
  '/etc/containerd/config.toml': `version = 2
[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = "localhost/pause:latest"
`,
  '/etc/docker/daemon.json': '{ "bridge": "none", "iptables": false, "ip6tables": false }\n',
};
