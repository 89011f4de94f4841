/** daemon.json as people have them: each shaped after what the named tool or guide writes. */

const lf = String.raw;

export const REAL_FILES: Readonly<Record<string, string>> = {
  'nvidia-ctk runtime configure': `{
    "runtimes": {
        "nvidia": {
            "args": [],
            "path": "nvidia-container-runtime"
        }
    }
}`,
  'nvidia-ctk runtime configure --set-as-default': `{
    "default-runtime": "nvidia",
    "runtimes": {
        "nvidia": {
            "args": [],
            "path": "/usr/bin/nvidia-container-runtime"
        }
    }
}
`,
  'nvidia-docker2, with log limits': `{
  "default-runtime": "nvidia",
  "exec-opts": ["native.cgroupdriver=systemd"],
  "log-driver": "json-file",
  "log-opts": {"max-size": "100m"},
  "runtimes": {
    "nvidia": {
      "path": "/usr/bin/nvidia-container-runtime",
      "runtimeArgs": []
    }
  },
  "storage-driver": "overlay2"
}
`,
  'nvidia-ctk with CDI': `{
    "features": {
        "cdi": true,
        "containerd-snapshotter": true
    },
    "runtimes": {
        "nvidia": {
            "args": [],
            "path": "nvidia-container-runtime"
        }
    }
}`,
  'the container runtimes page of Kubernetes (kubeadm)': `{
  "exec-opts": ["native.cgroupdriver=systemd"],
  "log-driver": "json-file",
  "log-opts": {
    "max-size": "100m"
  },
  "storage-driver": "overlay2"
}
`,
  'an EKS node with Docker': `{
  "bridge": "none",
  "log-driver": "json-file",
  "log-opts": {
    "max-size": "10m",
    "max-file": "10"
  },
  "live-restore": true,
  "max-concurrent-downloads": 10,
  "default-ulimits": {
    "memlock": {
      "Hard": -1,
      "Name": "memlock",
      "Soft": -1
    }
  }
}
`,
  'a COS (GKE) node with Docker': lf`{"live-restore":true,"storage-driver":"overlay2","mtu":1460,"registry-mirrors":["https://mirror.gcr.io"]}`,
  'mirrors and insecure registries, tabs': `{
\t"registry-mirrors": [
\t\t"https://mirror.example.org"
\t],
\t"insecure-registries": ["10.0.0.1:5000", "registry.local"],
\t"dns": ["10.0.0.2", "10.0.0.3"],
\t"data-root": "/srv/docker"
}
`,
  'Windows line ends': '{\r\n  "log-driver": "journald",\r\n  "experimental": false\r\n}\r\n',
  'a byte order mark': '\uFEFF{\n  "debug": true\n}\n',
  'Docker Desktop': `{
  "builder": {
    "gc": {
      "defaultKeepStorage": "20GB",
      "enabled": true
    }
  },
  "experimental": false
}`,
  'address pools of docker-compose users': `{"default-address-pools":
  [
    {"base":"10.10.0.0/16","size":24}
  ]
}
`,
  'kata and gVisor beside': `{
  "runtimes": {
    "kata": { "runtimeType": "io.containerd.kata.v2" },
    "runsc": { "path": "/usr/local/bin/runsc", "runtimeArgs": ["--platform=systrap"] }
  }
}
`,
  'crun as the default': `{
  "default-runtime": "crun",
  "runtimes": { "crun": { "path": "/usr/bin/crun" } }
}
`,
  'crun by the shim, with options': `{
  "default-runtime": "crun",
  "runtimes": {
    "crun": {
      "runtimeType": "io.containerd.runc.v2",
      "options": { "BinaryName": "/usr/bin/crun", "SystemdCgroup": true }
    }
  }
}
`,
  'runc named as the default': '{ "default-runtime": "runc" }\n',
  'commas in front': '{ "a": 1\n, "hosts": ["fd://"]\n, "tls": true\n}\n',
  'numbers that a double cannot hold':
    '{"default-shm-size": 9223372036854775807, "x": 1.50, "y": 1E3}\n',
  'an empty runtimes': '{\n  "runtimes": { },\n  "ipv6": true\n}\n',
  'users mapped to others': '{"userns-remap":"default","no-new-privileges":true,"icc":false}',
  'an empty object': '{}\n',
  'an empty object, spaced': '{\n\n}',
  'an empty file': '',
  'a blank file': '\n',
};
