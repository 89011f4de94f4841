/** Made by integration/images/make-images.sh. */
const images = '/var/lib/oci-measure-test/cache/images-test';
const benchImages = '/var/lib/oci-measure-test/cache/images-bench';

/** A Debian root filesystem in one layer, by umoci and GNU tar. */
export const oneLayer = {
  gzip: `${images}/debian`,
  ociArchive: `${images}/debian.oci.tar`,
  dockerArchive: `${images}/debian.docker.tar`,
};

/** What layers can do to each other, in eleven of them, by buildah and umoci. */
export const manyLayers = {
  gzip: `${images}/gzip`,
  ociArchive: `${images}/oci.tar`,
  dockerArchive: `${images}/docker.tar`,
};

/** The image of many layers in every form that tools save it in. */
export const forms = {
  'as an OCI layout, gzip': `oci:${images}/gzip`,
  'as an OCI layout, zstd': `oci:${images}/zstd`,
  'as an OCI layout, uncompressed': `oci:${images}/plain`,
  'as an OCI layout by skopeo, uncompressed but labelled gzip': `oci:${images}/mislabelled`,
  'in an OCI archive': `oci-archive:${images}/oci.tar`,
  'in a Docker archive': `docker-archive:${images}/docker.tar`,
  'in a Docker archive, gzip': `docker-archive:${images}/docker.tar.gz`,
  'squashed to one layer': `oci:${images}/squashed`,
};

/** An image that containerd, Docker and podman each show another tree of. No program is in it. */
export const disputedImage = {
  gzip: `${images}/disputed`,
  ociArchive: `${images}/disputed.oci.tar`,
  dockerArchive: `${images}/disputed.docker.tar`,
};

/** What the benchmark reads: OCI layouts. */
export const contestImages = {
  /** Debian in eight layers of about the same size. */
  gzip: `${benchImages}/eight`,
  plain: `${benchImages}/plain`,
  /** One layer of one file of zeros, 4 GiB and 4 MiB. */
  large: `${benchImages}/large`,
  small: `${benchImages}/small`,
};
