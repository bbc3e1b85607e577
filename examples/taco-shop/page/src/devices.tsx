import type { Device } from "coatcheck/client";
import { useDevices } from "coatcheck/react";
import { type ReactNode, useRef } from "react";
import { ConfirmPassword } from "./confirm-password.tsx";
import { Dialog } from "./dialog.tsx";
import { explain } from "./explain.ts";
import { formatDayAndTime } from "./format.ts";
import { useLanguage } from "./language.tsx";

/** Lists the devices on which the account is logged in, with a button to log out each. */
export function Devices({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { language, words } = useLanguage();
  const { devices, loading, error, reload, revoke, revokeOthers } = useDevices();
  const list = useRef<HTMLUListElement>(null);
  const lastAction = useRef<() => Promise<void>>(undefined);
  const needsElevation = error?.code === "REAUTHENTICATION_REQUIRED";

  const end = (action: () => Promise<void>) => {
    if (loading) return;
    lastAction.current = action;
    // Move the focus, because the focused button disappears with its device.
    list.current?.focus();
    void action();
  };

  return (
    <Dialog title={words.account.devices} onClose={onClose}>
      <div className="devices" aria-busy={loading}>
        <p className="hint">{words.devices.hint}</p>
        <p role="alert" className="fault">
          {error && !needsElevation && explain(error, words, language)}
        </p>
        {!devices && loading && <p role="status">{words.loading}</p>}
        <ul ref={list} tabIndex={-1} aria-label={words.account.devices}>
          {devices?.map((device) => {
            const name = nameOf(device) || words.devices.unknown;
            return (
              <li key={device.id}>
                <Picture isSmall={device.device === "mobile" || device.device === "tablet"} />
                <div className="grow">
                  <h3>{name}</h3>
                  <p>{[device.city, device.country, device.address].filter(Boolean).join(" · ")}</p>
                  <p>
                    {words.devices.since(formatDayAndTime(device.firstSeenAt, language))}
                    {!device.current && <br />}
                    {!device.current && words.devices.lastSeen(formatDayAndTime(device.lastSeenAt, language))}
                  </p>
                </div>
                {device.current ? (
                  <em>{words.devices.current}</em>
                ) : (
                  <button
                    type="button"
                    aria-label={words.devices.endNamed(name)}
                    aria-disabled={loading}
                    onClick={() => end(() => revoke(device.id))}
                  >
                    {words.devices.end}
                  </button>
                )}
              </li>
            );
          })}
        </ul>
        {devices && devices.length > 1 && (
          <div className="dialog-foot">
            <button type="button" aria-disabled={loading} onClick={() => end(revokeOthers)}>
              {words.devices.endOthers}
            </button>
          </div>
        )}
      </div>
      {needsElevation && (
        <ConfirmPassword onConfirmed={() => void lastAction.current?.()} onClose={() => void reload()} />
      )}
    </Dialog>
  );
}

const nameOf = ({ browser, os, device }: Device) => [browser, os].filter(Boolean).join(" · ") || device;

function Picture({ isSmall }: { readonly isSmall: boolean }): ReactNode {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className="device-picture">
      {isSmall ? (
        <path d="M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1ZM11 18h2" />
      ) : (
        <path d="M4 5h16a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1ZM8 20h8M12 16v4" />
      )}
    </svg>
  );
}
