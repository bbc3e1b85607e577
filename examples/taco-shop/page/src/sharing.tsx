import { useSession } from "coatcheck/react";
import { type ReactNode, useState } from "react";
import { exclude, invite, uninvite } from "./api.ts";
import { nameOf } from "./describe.ts";
import { Dialog } from "./dialog.tsx";
import { explain } from "./explain.ts";
import { Field } from "./field.tsx";
import { formatClockTime } from "./format.ts";
import { InvitationLink } from "./invitation-link.tsx";
import { useLanguage } from "./language.tsx";
import { storage } from "./local-storage.ts";
import { OrderHistory } from "./order-history.tsx";
import type { LiveOrder } from "./use-live-order.ts";
import type { Account, Menu, NewInvitation, People } from "./wire.ts";

interface SharingProps {
  readonly menu: Menu;
  readonly id: string;
  readonly live: LiveOrder;
  readonly onClose: () => void;
}

/** The participants of an order, its invitation links, and its history. */
export function Sharing({ menu, id, live, onClose }: SharingProps): ReactNode {
  const { language, words } = useLanguage();
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
            <InviteForm
              onInvite={(role, name) => act(async () => setCreated(await invite(id, role, name)))}
            />
            {created && <InvitationLink key={created.invitationId} url={created.url} />}
          </>
        )}
        <h3>{words.people}</h3>
        {people && (
          <Participants
            people={people}
            you={you}
            onExclude={(participantId) => act(async () => void (await exclude(id, participantId)))}
          />
        )}
        {people && people.invitations.length > 0 && (
          <Invitations
            menu={menu}
            invitations={people.invitations}
            onRevoke={(invitationId) =>
              act(async () => {
                await uninvite(id, invitationId);
                if (created?.invitationId === invitationId) setCreated(undefined);
              })
            }
          />
        )}
        <OrderHistory id={id} revision={revision} you={you} timeZone={menu.timeZone} />
      </div>
    </Dialog>
  );
}

interface InviteFormProps {
  /** @param name the owner's name; empty if the account has a name. */
  readonly onInvite: (role: "edit" | "view", name: string) => void;
}

function InviteForm({ onInvite }: InviteFormProps): ReactNode {
  const { words } = useLanguage();
  const [role, setRole] = useState<"edit" | "view">("edit");
  const isLoggedIn = useSession<Account, boolean>({ select: ({ isAuthenticated }) => isAuthenticated });
  return (
    <form
      className="invite"
      onSubmit={(event) => {
        event.preventDefault();
        const name = String(new FormData(event.currentTarget).get("name") ?? "").trim();
        if (name) storage.write("name", name);
        onInvite(role, name);
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
              <strong>{each === "edit" ? words.roleMayEdit : words.roleMayView}</strong>
            </span>
          </label>
        ))}
      </div>
      {!isLoggedIn && (
        <Field
          label={words.yourName}
          hint={words.yourNameHint}
          name="name"
          maxLength={40}
          autoComplete="name"
          defaultValue={storage.read("name") ?? ""}
        />
      )}
      <button type="submit" className="main">
        {words.makeLink}
      </button>
    </form>
  );
}

interface ParticipantsProps {
  readonly people: People;
  /** The participant id of the user of this page. */
  readonly you: string | undefined;
  readonly onExclude: (participantId: string) => void;
}

function Participants({ people, you, onExclude }: ParticipantsProps): ReactNode {
  const { words } = useLanguage();
  const isOwner = people.role === "owner";
  return (
    <ul className="people">
      {people.participants.map((participant) => {
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
                aria-label={words.removeItemLabel(name)}
                onClick={() => onExclude(participantId)}
              >
                {words.exclude}
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

interface InvitationsProps {
  readonly menu: Menu;
  readonly invitations: People["invitations"];
  readonly onRevoke: (invitationId: string) => void;
}

function Invitations({ menu, invitations, onRevoke }: InvitationsProps): ReactNode {
  const { language, words } = useLanguage();
  return (
    <>
      <h3>{words.links}</h3>
      <ul className="people">
        {invitations.map(({ invitationId, role, expiresAt, uses }) => (
          <li key={invitationId}>
            <span className="grow">
              {role === "edit" ? words.roleMayEdit : words.roleMayView}
              <small>
                {words.validUntil(formatClockTime(expiresAt, language, menu.timeZone))} ·{" "}
                {words.timesUsed(uses)}
              </small>
            </span>
            <button
              type="button"
              className="quiet"
              aria-label={words.revokeLink(role === "edit" ? words.roleMayEdit : words.roleMayView)}
              onClick={() => onRevoke(invitationId)}
            >
              {words.revoke}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
