import { type ReactNode, useRef, useState } from "react";
import { useLanguage } from "./language.tsx";

/** A new invitation link, with a button to copy it. */
export function InvitationLink({ url }: { readonly url: string }): ReactNode {
  const { words } = useLanguage();
  const [isCopied, setCopied] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  const copy = async () => {
    input.current?.select();
    // Without permission for the clipboard, the user can copy the selected link with the keyboard.
    await navigator.clipboard?.writeText(url).then(
      () => setCopied(true),
      () => {},
    );
  };

  return (
    <p className="field">
      <label htmlFor="link">{words.link}</label>
      <span className="link">
        <input id="link" ref={input} readOnly value={url} aria-describedby="link-note" />
        <button type="button" onClick={copy}>
          {isCopied ? words.copied : words.copy}
        </button>
      </span>
      <small id="link-note" className="hint">
        {words.linkHint}
      </small>
    </p>
  );
}
