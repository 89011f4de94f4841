import { quoted } from './quoted.ts';

/** What an image runs on, in Go's words (image-spec config.md: GOOS, GOARCH). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** `linux/arm64/v8` */
export function platformText({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** The same for messages: an image may say anything. */
export function showPlatform(platform: Platform): string {
  return quoted(platformText(platform)).slice(1, -1);
}
