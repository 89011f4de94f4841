/** Hosts on which every engine's installation is tried, and killed at every step. */

export interface InstallerCase {
  readonly title: string;
  /** As on the command line. */
  readonly engine: string;
  /** What is there before, by host path. */
  readonly files: Readonly<Record<string, string>>;
  /** Of those that are programs. */
  readonly programs?: readonly string[];
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
];
