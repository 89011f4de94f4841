/** Members that make a document look like one of another kind: one text must not be two (CVE-2021-41190). */
export const FOREIGN_TO_INDEX: readonly string[] = ['config', 'layers', 'fsLayers'];
export const FOREIGN_TO_MANIFEST: readonly string[] = ['manifests', 'fsLayers'];
