import { CriClient } from '#integration/cri/cri-client';
import type { Machine } from './machine.ts';

/** Talks, from here, to the CRI of a machine's containerd: through a serial port, at whose other end is socat. */
export async function connectCri(machine: Machine): Promise<CriClient> {
  const cri = new CriClient(machine.wire);
  const version = cri.call('Version');
  // The port has its end of file before QEMU has our connection.
  await machine.sh(`
    sleep 0.5
    name=$(grep -lx wire /sys/class/virtio-ports/*/name)
    port=/dev/$(basename "$(dirname "$name")")
    socat "OPEN:$port" UNIX-CONNECT:/run/containerd/containerd.sock >/run/socat.log 2>&1 &`);
  await version;
  return cri;
}
