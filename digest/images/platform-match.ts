import type { Platform } from '#digest/platform';

const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  arm64: 'arm64',
  ia32: '386',
  x64: 'amd64',
};

/** Where containers run that are measured here. */
export function hostPlatform(): Platform {
  return { os: 'linux', architecture: ARCHITECTURES[process.arch] ?? process.arch };
}

const ALIASES: Readonly<Record<string, readonly [string, string?]>> = {
  aarch64: ['arm64'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  i386: ['386'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

/** The variant that an architecture has unless it says otherwise. */
const DEFAULT_VARIANTS: Readonly<Record<string, string>> = {
  amd64: 'v1',
  arm: 'v7',
  arm64: 'v8',
};

/** One form of each platform, as containerd's platforms.Normalize makes it, the variant always written out. */
export function normalPlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const written = platform.architecture.toLowerCase();
  const alias = Object.hasOwn(ALIASES, written) ? ALIASES[written] : undefined;
  const architecture = alias?.[0] ?? written;
  const variant = normalVariant(architecture, platform.variant?.toLowerCase() ?? alias?.[1] ?? '');
  return { os, architecture, variant };
}

function normalVariant(architecture: string, variant: string): string {
  if (!Object.hasOwn(DEFAULT_VARIANTS, architecture)) return variant;
  if (variant === '') return DEFAULT_VARIANTS[architecture] ?? '';
  return /^\d+$/.test(variant) ? `v${variant}` : variant;
}

export function isSamePlatform(a: Platform, b: Platform): boolean {
  return isSameArchitecture(a, b) && normalPlatform(a).variant === normalPlatform(b).variant;
}

/** Variants apart. */
export function isSameArchitecture(a: Platform, b: Platform): boolean {
  const [one, other] = [normalPlatform(a), normalPlatform(b)];
  return one.os === other.os && one.architecture === other.architecture;
}

/** Whether an image of `platform` is what was asked for; any variant unless one was. */
export function satisfies(platform: Platform, wanted: Platform): boolean {
  return wanted.variant === undefined
    ? isSameArchitecture(platform, wanted)
    : isSamePlatform(platform, wanted);
}
