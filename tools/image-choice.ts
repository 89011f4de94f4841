import type { Platform } from '#digest/platform';
import { SEMANTICS, type Semantics } from '#digest/semantics';
import { ToolError } from './errors.ts';
import { isImage, type Source } from './source.ts';

/** What was typed behind --platform and --semantics. */
export interface ImageOptions {
  readonly platform: string | undefined;
  readonly semantics: string | undefined;
}

/** Which image of several, and which engine's answer. */
export interface ImageChoice {
  readonly platform: Platform | undefined;
  readonly semantics: Semantics | undefined;
}

const PLATFORM = /^([\w.-]+)\/([\w.-]+)(?:\/([\w.-]+))?$/;

/** @throws ToolError `usage`, also where none of the sources is an image: nothing would come of the choice */
export function parseImageChoice(options: ImageOptions, sources: readonly Source[]): ImageChoice {
  const choice = {
    platform: parsePlatform(options.platform),
    semantics: parseSemantics(options.semantics),
  };
  const option = options.platform === undefined ? options.semantics && '--semantics' : '--platform';
  if (option !== undefined && !sources.some(isImage)) {
    throw new ToolError(
      'usage',
      `${option} goes with an image: oci:, oci-archive: or docker-archive:`,
    );
  }
  return choice;
}

function parsePlatform(text: string | undefined): Platform | undefined {
  if (text === undefined) return undefined;
  const [, os, architecture, variant] = PLATFORM.exec(text) ?? [];
  if (os === undefined || architecture === undefined) {
    throw new ToolError('usage', `--platform ${JSON.stringify(text)} is not OS/ARCH[/VARIANT]`, {
      hint: 'for example linux/amd64 or linux/arm/v7',
    });
  }
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

function parseSemantics(text: string | undefined): Semantics | undefined {
  if (text === undefined) return undefined;
  const semantics = SEMANTICS.find((engine) => engine === text);
  if (semantics === undefined) {
    throw new ToolError(
      'usage',
      `--semantics ${JSON.stringify(text)} is none of ${SEMANTICS.join(', ')}`,
    );
  }
  return semantics;
}
