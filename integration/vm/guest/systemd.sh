# For machines that are to start as real ones do: hands process 1 over to systemd, with the agent for a service. Scripts run when it has
# started whatever units the disk wants of multi-user.target, but for what takes half a minute under emulation and matters to no test.
units=/run/systemd/system
mkdir -p "$units" /run/udev/rules.d
for unit in apparmor containerd docker ldconfig networking systemd-binfmt systemd-hwdb-update systemd-journal-catalog-update \
  systemd-journal-flush systemd-logind systemd-networkd systemd-random-seed systemd-sysusers systemd-timesyncd systemd-tmpfiles-clean \
  systemd-tmpfiles-setup systemd-tmpfiles-setup-dev systemd-tmpfiles-setup-dev-early systemd-update-done systemd-update-utmp; do
  ln -s /dev/null "$units/$unit.service"
done
for unit in docker.socket getty.target timers.target; do ln -s /dev/null "$units/$unit"; done
# Of systemd's own rules, the one by which it knows what can be mounted.
echo 'SUBSYSTEM=="block", TAG+="systemd"' >/run/udev/rules.d/99-systemd.rules
cat >"$units/agent.service" <<END
[Unit]
After=multi-user.target
[Service]
ExecStart=/bin/sh /run/guest/agent.sh
Environment=HOME=/root LANG=C.UTF-8 PATH=$PATH
KillMode=none
END
cat >"$units/guest.target" <<END
[Unit]
Wants=multi-user.target agent.service
END
exec /usr/lib/systemd/systemd --unit=guest.target
