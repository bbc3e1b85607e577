import { useSession } from "coatcheck/react";
import { type ReactNode, useState } from "react";
import { join } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import { explain } from "./explain.ts";
import { Field } from "./field.tsx";
import { useLanguage } from "./language.tsx";
import { storage } from "./local-storage.ts";
import type { Account } from "./wire.ts";

interface JoinProps {
  readonly token: string;
  readonly onJoined: (id: string) => void;
  readonly onClose: () => void;
}

/** Asks for a name, then joins an order by its invitation link. */
export function Join({ token, onJoined, onClose }: JoinProps): ReactNode {
  const { language, words } = useLanguage();
  const ownName = useSession<Account, string>({ select: ({ user }) => user?.name ?? "" });
  const [error, setError] = useState<unknown>();

  const accept = async (name: string) => {
    try {
      const { sessionId } = await join(token, name);
      storage.write("name", name);
      onJoined(sessionId);
    } catch (thrown) {
      setError(thrown);
    }
  };

  return (
    <Dialog title={words.joinTitle} onClose={onClose}>
      <form
        className="checkout"
        onSubmit={(event) => {
          event.preventDefault();
          void accept(String(new FormData(event.currentTarget).get("name") ?? "").trim());
        }}
      >
        <p>{words.joinText}</p>
        <Field
          label={words.name}
          name="name"
          maxLength={40}
          autoComplete="nickname"
          defaultValue={storage.read("name") ?? ownName}
        />
        <footer className="dialog-foot">
          <p role="alert" className="fault">
            {error !== undefined && explain(error, words, language)}
          </p>
          <button type="submit" className="main">
            {words.joinIt}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
