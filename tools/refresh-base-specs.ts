/**
 * `oci-measure refresh-base-specs`: what systemd runs before it starts containerd (tools/install/containerd/service.ts), so that
 * containers get the defaults of the containerd that starts. Not for people.
 */
import { refreshBaseSpecs as refresh } from '#tools/install/containerd/refresh';
import { hostAt } from '#tools/install/host';

/** @throws ToolError `install`; then the base specs are as they were, and containerd takes those */
export async function refreshBaseSpecs(): Promise<number> {
  await refresh(hostAt(undefined));
  return 0;
}
