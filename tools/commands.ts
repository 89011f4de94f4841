import { type Command, Option } from 'commander';
import type { UninstallCommand } from './install.ts';
import { version } from './version.ts';

type Exit = (code: number) => void;

interface Options {
  readonly config?: string;
  readonly json?: true;
  readonly listing?: true;
  readonly platform?: string;
  readonly semantics?: string;
  readonly partition?: string;
  readonly load?: true;
  readonly cdi?: true;
  readonly dryRun?: true;
  readonly root?: string;
  readonly restart?: true;
  readonly force?: true;
}

const ENGINES = 'podman, crio, containerd, docker or ima';
const SOURCE =
  'a directory, bundle:DIR (the root.path of its config.json), listing:FILE, or an image: oci:DIR[:REF], oci-archive:FILE[:REF], docker-archive:FILE[:REF]';

/** Every command: its arguments, its help, and the module that does it, which is loaded when it is asked for. */
export function describeCommands(program: Command, exit: Exit): void {
  describeHook(program, exit);
  describeDigest(program, exit);
  describeDiff(program, exit);
  describeContainers(program, exit);
  describeLog(program, exit);
  describeInstall(program, exit);
  describeUninstall(program, exit);
  describeDoctor(program, exit);
  describeRefreshBaseSpecs(program, exit);
}

function describeHook(program: Command, exit: Exit): void {
  program
    .command('hook')
    .summary('what a runtime calls while it creates a container')
    .description(
      'Measures the container whose OCI state is on standard input. Exit code 0: measured or skipped; anything else: the runtime must not start it.',
    )
    .argument('[STAGE]', 'createRuntime (default) or prestart; poststart and poststop do nothing')
    .action(async (stage: string | undefined, _options: unknown, command: Command) => {
      const { runHook } = await import('#hook/main');
      exit(await runHook({ config: optionsOf(command).config, stage, version }));
    });
}

function describeDigest(program: Command, exit: Exit): void {
  program
    .command('digest')
    .summary('the rootfs digest of a directory, bundle or image')
    .description(
      'Prints the rootfs digest of SOURCE on standard output, and nothing else. Other mounts below a directory are left out and named on standard error.',
    )
    .argument('<SOURCE>', SOURCE)
    .option('--listing', 'print the listing, whose SHA-256 the digest is')
    .addOption(
      new Option('--json', 'print the digest and what belongs to it as JSON').conflicts('listing'),
    )
    .addOption(platformOption())
    .addOption(semanticsOption())
    .action(async (source: string, _options: unknown, command: Command) => {
      const { digest } = await import('./digest.ts');
      const { config, json = false, listing = false, platform, semantics } = optionsOf(command);
      exit(await digest({ source, listing, json, config, platform, semantics }));
    });
}

function describeDiff(program: Command, exit: Exit): void {
  program
    .command('diff')
    .summary('what differs between two of them, path by path')
    .description(
      'Says in which files two sources differ. Exit code 0: their rootfs digests are equal; 1: different; 2: it could not be told.',
    )
    .argument('<A>', SOURCE)
    .argument('<B>', 'likewise')
    .option('--json', 'print JSON')
    .addOption(platformOption())
    .addOption(semanticsOption())
    .action(async (a: string, b: string, _options: unknown, command: Command) => {
      const { diff } = await import('./diff.ts');
      const { config, json = false, platform, semantics } = optionsOf(command);
      exit(await diff({ a, b, json, config, platform, semantics }));
    });
}

function platformOption(): Option {
  return new Option(
    '--platform <OS/ARCH[/VARIANT]>',
    'which image of several (default: linux and the architecture of this machine)',
  );
}

function semanticsOption(): Option {
  return new Option(
    '--semantics <ENGINE>',
    'whose answer counts for an image that engines unpack differently: containerd, docker or podman',
  );
}

function describeContainers(program: Command, exit: Exit): void {
  program
    .command('containers')
    .summary('which container is which measurement')
    .description('Lists the measured containers, or tells all about one.')
    .argument('[ID]', 'a container id, or the beginning of one')
    .option('--json', 'print JSON')
    .action(async (id: string | undefined, _options: unknown, command: Command) => {
      const { containers } = await import('./containers.ts');
      const { config, json = false } = optionsOf(command);
      exit(await containers({ id, json, config }));
    });
}

function describeLog(program: Command, exit: Exit): void {
  program
    .command('log')
    .summary('the measurement log, replayed')
    .description('Reads the measurement log, replays it, and compares the result with the TPM.')
    .option('--json', 'print JSON')
    .action(async (_options: unknown, command: Command) => {
      const { log } = await import('./log.ts');
      const { config, json = false } = optionsOf(command);
      exit(await log({ json, config }));
    });
}

function describeInstall(program: Command, exit: Exit): void {
  const command = program
    .command('install')
    .summary(`sets this machine up: ${ENGINES}`)
    .description(
      "Has an engine call the hook, so that the next container is measured. ima: sets up what the kernel needs to list containers: the filesystem that records are on, and the rule of the IMA policy that has the kernel measure them. What would be done is decided and shown first; what is there already, and what is anybody else's, is kept.",
    )
    .argument('<ENGINE>', ENGINES)
    .addOption(dryRunOption())
    .option('--partition <DEV>', 'ima: an empty partition for the records (default: an image file)')
    .option(
      '--load',
      'ima: load the policy now, not when the machine starts; most kernels take one in a boot',
    )
    .option('--cdi', 'docker: a device for single containers instead, for any engine with CDI');
  addEngineOptions(command, 'install although `doctor` finds that containers would be denied');
  command.action(async (engine: string) => {
    const { install } = await import('./install.ts');
    const { partition, load = false, cdi = false } = optionsOf(command);
    exit(await install({ engine, partition, load, cdi, ...engineOptionsOf(command) }));
  });
}

function describeUninstall(program: Command, exit: Exit): void {
  const command = program
    .command('uninstall')
    .summary(`takes away what install made: ${ENGINES}`)
    .description('Takes away what `install` made, and puts back what it found.')
    .argument('<ENGINE>', ENGINES)
    .addOption(dryRunOption());
  addEngineOptions(command, 'take the executable away although an engine may still start it');
  command.action(async (engine: string) => {
    const { uninstall } = await import('./install.ts');
    exit(await uninstall({ engine, ...engineOptionsOf(command) }));
  });
}

function addEngineOptions(command: Command, force: string): void {
  command
    .option('--root <DIR>', "engines: the file tree of another machine, or of an image's")
    .option('--restart', 'engines: restart or reload the engine where it needs that')
    .option('--force', `engines: ${force}`);
}

function engineOptionsOf(command: Command): Omit<UninstallCommand, 'engine'> {
  const { config, root, restart = false, force = false, dryRun = false } = optionsOf(command);
  return { config, root, restart, force, dryRun };
}

function dryRunOption(): Option {
  return new Option('--dry-run', 'show what would be done, files as diffs, and do nothing');
}

function describeDoctor(program: Command, exit: Exit): void {
  program
    .command('doctor')
    .summary('what would stop the next container from being measured, and the mend')
    .description(
      'Looks for what would stop the next container from being measured, and says how to mend it. Exit code 1 when there is something to mend.',
    )
    .option('--json', 'print JSON')
    .action(async (_options: unknown, command: Command) => {
      const { doctor } = await import('./doctor.ts');
      const { config, json = false } = optionsOf(command);
      exit(await doctor({ json, config }));
    });
}

/** systemd runs it before containerd. */
function describeRefreshBaseSpecs(program: Command, exit: Exit): void {
  program.command('refresh-base-specs', { hidden: true }).action(async () => {
    const { refreshBaseSpecs } = await import('./refresh-base-specs.ts');
    exit(await refreshBaseSpecs());
  });
}

function optionsOf(command: Command): Options {
  return command.optsWithGlobals<Options>();
}
