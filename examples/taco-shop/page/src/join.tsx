import { useSession } from "coatcheck/react";
import { type ReactNode, useEffect, useState } from "react";
import { checkInvitation, join } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import { explain } from "./explain.ts";
import { Field } from "./field.tsx";
import { useLanguage } from "./language.tsx";
import { storage } from "./local-storage.ts";
import type { Account, InvitationView } from "./wire.ts";

interface JoinProps {
  readonly token: string;
  readonly onJoined: (id: string) => void;
  readonly onClose: () => void;
}

/**
 * Shows the name of the order's owner, asks for a name, then joins the order. Shows an error for an invalid link.
 */
export function Join({ token, onJoined, onClose }: JoinProps): ReactNode {
  const { language, words } = useLanguage();
  const ownName = useSession<Account, string>({ select: ({ user }) => user?.name ?? "" });
  const [error, setError] = useState<unknown>();
  const [invitation, setInvitation] = useState<InvitationView>();
  useEffect(() => {
    let isStale = false;
    checkInvitation(token).then(
      (found) => isStale || setInvitation(found),
      (thrown) => isStale || setError(thrown),
    );
    return () => {
      isStale = true;
    };
  }, [token]);

  const accept = async (name: string) => {
    try {
      const { sessionId } = await join(token, name);
      storage.write("name", name);
      onJoined(sessionId);
    } catch (thrown) {
      setError(thrown);
    }
  };

  if (!invitation) {
    return (
      <Dialog title={words.joinTitle} onClose={onClose}>
        <p role="alert" className="fault">
          {error !== undefined && explain(error, words, language)}
        </p>
        {error === undefined ? (
          <p role="status">{words.loading}</p>
        ) : (
          <div className="dialog-foot">
            <button type="button" className="main" onClick={onClose}>
              {words.back}
            </button>
          </div>
        )}
      </Dialog>
    );
  }
  const whose = invitation.owner ? words.joinOrderOf(invitation.owner) : words.joinOrder;
  return (
    <Dialog key="join" title={words.joinTitle} onClose={onClose}>
      <form
        className="checkout"
        onSubmit={(event) => {
          event.preventDefault();
          void accept(String(new FormData(event.currentTarget).get("name") ?? "").trim());
        }}
      >
        <p>
          {whose} {invitation.role === "edit" ? words.joinAsEditor : words.joinAsViewer}
        </p>
        <Field
          label={words.name}
          hint={words.joinNameHint}
          name="name"
          maxLength={40}
          autoComplete="nickname"
          defaultValue={storage.read("name") ?? ownName}
        />
        <div className="dialog-foot">
          <p role="alert" className="fault">
            {error !== undefined && explain(error, words, language)}
          </p>
          <button type="submit" className="main">
            {words.joinButton}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
