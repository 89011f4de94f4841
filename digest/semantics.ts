/** The engines whose overlays are modelled: containerd's overlayfs snapshotter, Docker's overlay2, podman's overlay. */
export type Semantics = 'containerd' | 'docker' | 'podman';

export const SEMANTICS: readonly Semantics[] = ['containerd', 'docker', 'podman'];
