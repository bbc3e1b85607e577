import { type ReactNode, useState } from "react";
import { exclude, invite, uninvite } from "./api.ts";
import { nameOf } from "./describe.ts";
import { Dialog } from "./dialog.tsx";
import { explain } from "./explain.ts";
import { clockTime } from "./format.ts";
import { Happenings } from "./happenings.tsx";
import { InvitationLink } from "./invitation-link.tsx";
import { useLanguage } from "./language.tsx";
import type { LiveOrder } from "./use-live-order.ts";
import type { Menu, NewInvitation } from "./wire.ts";

interface SharingProps {
  readonly menu: Menu;
  readonly id: string;
  readonly live: LiveOrder;
  readonly onClose: () => void;
}

/** The participants of an order, its invitation links, and its history. */
export function Sharing({ menu, id, live, onClose }: SharingProps): ReactNode {
  const { language, words } = useLanguage();
  const [role, setRole] = useState<"edit" | "view">("edit");
  const [created, setCreated] = useState<NewInvitation>();
  const [error, setError] = useState<unknown>();
  const { people, revision, reloadPeople } = live;
  const isOwner = people?.role === "owner";
  const you = people?.participants.find(({ isYou }) => isYou)?.participantId;

  const act = async (action: () => Promise<void>) => {
    try {
      await action();
      setError(undefined);
      await reloadPeople();
    } catch (thrown) {
      setError(thrown);
    }
  };

  return (
    <Dialog title={words.sharing} onClose={onClose}>
      <div className="sharing">
        <p role="alert" className="fault">
          {error !== undefined && explain(error, words, language, menu)}
        </p>
        {isOwner && (
          <>
            <p className="hint">{words.sharingHint}</p>
            <form
              className="invite"
              onSubmit={(event) => {
                event.preventDefault();
                void act(async () => setCreated(await invite(id, role)));
              }}
            >
              <div className="sizes">
                {(["edit", "view"] as const).map((each) => (
                  <label key={each} className="choice">
                    <input
                      type="radio"
                      name="role"
                      value={each}
                      checked={role === each}
                      onChange={() => setRole(each)}
                    />
                    <span>
                      <strong>{each === "edit" ? words.mayEdit : words.mayView}</strong>
                    </span>
                  </label>
                ))}
              </div>
              <button type="submit" className="main">
                {words.makeLink}
              </button>
            </form>
            {created && <InvitationLink key={created.invitationId} url={created.url} />}
          </>
        )}
        <h3>{words.people}</h3>
        <ul className="people">
          {people?.participants.map((participant) => {
            const { participantId, role, isYou } = participant;
            const name = nameOf(participant, you, words);
            return (
              <li key={participantId}>
                <span className="face" aria-hidden="true">
                  {name.slice(0, 1).toUpperCase()}
                </span>
                <span className="grow">
                  {name} {isYou && participant.name && <em>({words.you})</em>}
                  <small>{words.roles[role]}</small>
                </span>
                {isOwner && role !== "owner" && (
                  <button
                    type="button"
                    className="quiet"
                    aria-label={words.removeNamed(name)}
                    onClick={() => act(async () => void (await exclude(id, participantId)))}
                  >
                    {words.exclude}
                  </button>
                )}
              </li>
            );
          })}
        </ul>
        {isOwner && people.invitations.length > 0 && (
          <>
            <h3>{words.links}</h3>
            <ul className="people">
              {people.invitations.map(({ invitationId, role, expiresAt, uses }) => (
                <li key={invitationId}>
                  <span className="grow">
                    {role === "edit" ? words.mayEdit : words.mayView}
                    <small>
                      {words.expires(clockTime(expiresAt, language, menu.timeZone))} · {words.uses(uses)}
                    </small>
                  </span>
                  <button
                    type="button"
                    className="quiet"
                    aria-label={words.revokeLink(role === "edit" ? words.mayEdit : words.mayView)}
                    onClick={() =>
                      act(async () => {
                        await uninvite(id, invitationId);
                        if (created?.invitationId === invitationId) setCreated(undefined);
                      })
                    }
                  >
                    {words.revoke}
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
        <Happenings id={id} revision={revision} you={you} timeZone={menu.timeZone} />
      </div>
    </Dialog>
  );
}
