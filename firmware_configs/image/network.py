"""The site's interfaces as systemd-networkd's files. None named: none brought up."""

from __future__ import annotations

from firmware_configs.image.site import Network, Site


def units(site: Site) -> dict[str, str]:
    """Path in the image → content."""
    files = {
        f"etc/systemd/network/50-site-{number}.network": _network(network)
        for number, network in enumerate(site.network)
    }
    servers = [server for network in site.network for server in network.dns]
    files["etc/resolv.conf"] = "".join(f"nameserver {server}\n" for server in servers)
    ntp = [server for network in site.network for server in network.ntp]
    # Always there: without it Debian's servers would be asked.
    files["etc/systemd/timesyncd.conf.d/50-site.conf"] = (
        f"[Time]\nNTP={' '.join(ntp)}\nFallbackNTP=\n"
    )
    return files


def _network(network: Network) -> str:
    lines = ["[Match]", f"Name={network.interface}", "", "[Network]"]
    lines.append(f"DHCP={'yes' if network.dhcp else 'no'}")
    lines += [f"Address={address}" for address in network.addresses]
    if network.gateway is not None:
        lines.append(f"Gateway={network.gateway}")
    lines += ["LLMNR=no", "MulticastDNS=no", "LinkLocalAddressing=no"]
    return "\n".join(lines) + "\n"
