/** Every path of ours on a host. */

/** The directory is the only one of binaries that the stock NRI hook injector's pod has (contrib/kustomize/hook-injector). */
export const EXECUTABLE = '/usr/libexec/oci/hooks.d/oci-measure';
/** Where /usr cannot be written. */
export const EXECUTABLE_BESIDE_READ_ONLY_USR = '/usr/local/libexec/oci/hooks.d/oci-measure';
/** In either place: beside the executable, what was installed for which engine. */
export const RECORD_SUFFIX = '.installed';

/** In hooks directories. Engines order and mask hooks by this name. */
export const HOOKS_FILE_NAME = 'oci-measure.json';
/** What podman and CRI-O read without being told, and the NRI hook injector. */
export const HOOKS_DIRECTORY = '/usr/share/containers/oci/hooks.d';
/** What the NRI hook injector and buildah read besides, podman and CRI-O where their configuration says so. */
export const SITE_HOOKS_DIRECTORY = '/etc/containers/oci/hooks.d';

/** Adds the hook to what `ctr oci spec` says; named by containerd's configuration. */
export const BASE_SPEC = '/etc/containerd/oci-measure-base-spec.json';
/** containerd ≥ 2.0. */
export const CONTAINERD_DROP_IN = '/etc/containerd/conf.d/99-oci-measure.toml';

/** What Docker starts in place of runc: beside the executable, which it starts for `create` and `run`. */
export const DOCKER_FRONT = '/usr/libexec/oci/hooks.d/oci-measure-runc';
/** The runtime's name in daemon.json. */
export const DOCKER_RUNTIME = 'oci-measure';
/** For single containers, by any engine that knows CDI. */
export const CDI_FILE = '/etc/cdi/oci-measure.json';

/** In files of ours: as a comment (`# …`), or as the value of a member that readers pass over. */
export const OWNERSHIP_MARK = 'made by `oci-measure install`; `oci-measure uninstall` removes it';
