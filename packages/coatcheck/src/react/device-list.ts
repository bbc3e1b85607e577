import { createElement as element, type ReactNode } from "react";
import type { Device } from "../client/index.ts";
import { useDevices } from "./use-devices.ts";

/** The texts of {@link DeviceList}. Default: English. */
export interface DeviceListLabels {
  readonly current: string;
  readonly lastSeen: string;
  readonly end: string;
  readonly endOthers: string;
}

const ENGLISH_LABELS: DeviceListLabels = {
  current: "This device",
  lastSeen: "Last seen",
  end: "Sign out",
  endOthers: "Sign out everywhere else",
};

const joinWords = (...words: (string | null)[]) => words.filter(Boolean).join(", ");

/**
 * Renders the devices on which the user is logged in, each with a button that signs the device out. Style it with CSS:
 * it has class names and no styles.
 */
export function DeviceList({ labels = ENGLISH_LABELS }: { readonly labels?: DeviceListLabels }): ReactNode {
  const { devices, loading, error, revoke, revokeOthers } = useDevices();

  const row = (device: Device) => {
    const name = joinWords(device.browser, device.os) || device.device || device.userAgent || device.id;
    return element(
      "li",
      { key: device.id },
      element("strong", null, name),
      " ",
      element("span", null, joinWords(device.city, device.country, device.address)),
      " ",
      device.current
        ? element("em", null, labels.current)
        : element(
            "span",
            null,
            labels.lastSeen,
            " ",
            element("time", { dateTime: device.lastSeenAt }, new Date(device.lastSeenAt).toLocaleString()),
          ),
      " ",
      !device.current &&
        element(
          "button",
          {
            type: "button",
            disabled: loading,
            onClick: () => revoke(device.id),
            "aria-label": `${labels.end}: ${name}`,
          },
          labels.end,
        ),
    );
  };

  return element(
    "div",
    { className: "coatcheck-devices", "aria-busy": loading },
    error && element("p", { role: "alert" }, error.message),
    element("ul", null, devices?.map(row)),
    devices?.some(({ current }) => !current) &&
      element("button", { type: "button", disabled: loading, onClick: revokeOthers }, labels.endOthers),
  );
}
