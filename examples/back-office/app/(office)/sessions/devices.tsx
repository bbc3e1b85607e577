"use client";

import type { Device } from "coatcheck/client";
import { useDevices, useSessionClient } from "coatcheck/react";
import { type FormEvent, useState } from "react";
import type { Language, Texts } from "../../../lib/texts/texts.ts";

interface Props {
  readonly email: string;
  readonly text: Texts;
  readonly language: Language;
}

const nameOf = ({ browser, os, userAgent, id }: Device) =>
  [browser, os].filter(Boolean).join(", ") || userAgent || id;

/**
 * Lists the user's sessions, each with a button that ends it. If the login is old, the user must enter the password
 * first.
 */
export function Devices({ email, text, language }: Props) {
  const { devices, loading, error, reload, revoke, revokeOthers } = useDevices();
  const mustConfirm = error?.code === "REAUTHENTICATION_REQUIRED";
  return (
    <div aria-busy={loading}>
      {error && !mustConfirm && (
        <p role="alert" className="error">
          {error.message}
        </p>
      )}
      {mustConfirm && <Confirm email={email} text={text} onConfirmed={reload} />}
      {devices?.length === 0 && <p className="hint">{text.noSessions}</p>}
      <ul className="devices">
        {devices?.map((device) => (
          <li key={device.id} className="panel">
            <div>
              <strong>{nameOf(device)}</strong>
              {device.impersonates && <span className="tag warn">{text.actingSession}</span>}
              <small>
                {[device.city, device.country, device.address].filter(Boolean).join(", ")} {text.lastSeen}{" "}
                <time dateTime={device.lastSeenAt}>
                  {new Date(device.lastSeenAt).toLocaleString(language, {
                    dateStyle: "medium",
                    timeStyle: "short",
                  })}
                </time>
              </small>
            </div>
            {device.current ? (
              <span className="tag">{text.thisDevice}</span>
            ) : (
              <button
                type="button"
                disabled={loading}
                aria-label={`${text.endSession}: ${nameOf(device)}`}
                onClick={() => revoke(device.id)}
              >
                {text.endSession}
              </button>
            )}
          </li>
        ))}
      </ul>
      {devices?.some(({ current }) => !current) && (
        <button type="button" disabled={loading} onClick={revokeOthers}>
          {text.endOthers}
        </button>
      )}
    </div>
  );
}

interface ConfirmProps {
  readonly email: string;
  readonly text: Texts;
  readonly onConfirmed: () => void;
}

function Confirm({ email, text, onConfirmed }: ConfirmProps) {
  const client = useSessionClient();
  const [failed, setFailed] = useState(false);
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get("password"));
    try {
      await client.elevate({ credentials: { email, password } });
      onConfirmed();
    } catch {
      setFailed(true);
    }
  }
  return (
    <form onSubmit={submit} className="panel">
      <p>{text.oldLoginHint}</p>
      <label>
        {text.password}
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      {failed && (
        <p role="alert" className="error">
          {text.wrongPassword}
        </p>
      )}
      <button type="submit">{text.confirm}</button>
    </form>
  );
}
