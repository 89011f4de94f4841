/** Hosts on which every engine's installation is tried, and killed at every step. */

export interface InstallerCase {
  readonly title: string;
  /** As on the command line. */
  readonly engine: string;
  /** What is there before, by host path. */
  readonly files: Readonly<Record<string, string>>;
  /** Of those that are programs. */
  readonly programs?: readonly string[];
  /** A directory that keeps a removal from its end while it is there. */
  readonly inUse?: { readonly path: string; readonly files: Readonly<Record<string, string>> };
}

export const installerCases: readonly InstallerCase[] = [
  { title: 'podman that was never configured', engine: 'podman', files: {} },
  {
    title: 'podman whose hooks_dir cannot be used',
    engine: 'podman',
    files: {
      '/etc/containers/containers.conf': '[engine]\nhooks_dir = ["/run/hooks.d"] # ours\n',
      '/etc/containers/containers.conf.d/10-site.conf': '[containers]\npids_limit = 100\n',
    },
  },
  {
    title: 'CRI-O with a drop-in of its own',
    engine: 'crio',
    files: {
      '/etc/crio/crio.conf': '[crio.runtime]\ndefault_runtime = "crun"\n',
      '/etc/crio/crio.conf.d/99-site.conf':
        '# site\n[crio.runtime]\nhooks_dir = [ "/run/containers/oci/hooks.d" ]',
    },
  },
  {
    title: 'containerd with a configuration of its own',
    engine: 'containerd',
    files: {
      '/usr/bin/containerd': '#!/bin/false\n',
      '/etc/containerd/config.toml': `version = 2
# of the site
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = true   # cgroup v2`,
    },
    programs: ['/usr/bin/containerd'],
  },
  {
    title: 'containerd that reads drop-ins, and a base spec of the site',
    engine: 'containerd',
    files: {
      '/usr/bin/containerd': '#!/bin/false\n',
      '/lib/systemd/system/containerd.service': '[Service]\nExecStart=/usr/bin/containerd\n',
      '/etc/containerd/site.json': '{"ociVersion": "1.2.0", "hooks": {}}\n',
      '/etc/containerd/config.toml': `version = 3
imports = ["/etc/containerd/conf.d/*.toml"]
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.crun]
  runtime_type = "io.containerd.runc.v2"
  base_runtime_spec = "/etc/containerd/site.json"
`,
    },
    programs: ['/usr/bin/containerd'],
  },
  {
    title: 'Docker with a daemon.json of its own',
    engine: 'docker',
    files: {
      '/usr/bin/runc': '#!/bin/false\n',
      '/etc/docker/daemon.json':
        '{\n\t"log-driver": "journald", "features": { "buildkit": true }\n}',
    },
    programs: ['/usr/bin/runc'],
  },
  {
    title: 'Docker with a container that was created under it',
    engine: 'docker',
    files: {
      '/usr/bin/runc': '#!/bin/false\n',
      '/etc/docker/daemon.json': '{"default-runtime": "runc"}\n',
      '/var/lib/docker/containers/0/hostconfig.json': '{"Runtime":"runc"}',
    },
    programs: ['/usr/bin/runc'],
    inUse: {
      path: '/var/lib/docker/containers/1',
      files: { '/var/lib/docker/containers/1/hostconfig.json': '{"Runtime":"oci-measure"}' },
    },
  },
];
