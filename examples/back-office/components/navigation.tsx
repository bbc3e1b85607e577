"use client";

import Link from "next/link";
import { usePathname, useRouter } from "next/navigation";
import { useEffect } from "react";

interface Props {
  /** `key`: the letter that, pressed after G, opens the page. */
  readonly links: readonly { readonly href: string; readonly label: string; readonly key: string }[];
}

/** The longest time between pressing G and the page's letter, in milliseconds. */
const MAX_KEY_INTERVAL = 1000;

function isTyping({ target }: KeyboardEvent): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Follows the link, or focuses the field, that has the pressed shortcut. */
function followShortcut(event: KeyboardEvent): void {
  const selector = `[aria-keyshortcuts="${CSS.escape(event.key)}"]`;
  const target = document.querySelector<HTMLElement>(selector);
  if (target === null) return;
  event.preventDefault();
  if (target instanceof HTMLInputElement) target.focus();
  else target.click();
}

/**
 * Links to the pages. Keyboard shortcuts: G and a letter open a page, / focuses the search field, N adds an entry to a
 * list.
 */
export function Navigation({ links }: Props) {
  const path = usePathname();
  const router = useRouter();

  useEffect(() => {
    let pressedAt = Number.NEGATIVE_INFINITY;
    function onKey(event: KeyboardEvent): void {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = links.find(({ key }) => key === event.key);
      if (event.key === "g") {
        pressedAt = event.timeStamp;
      } else if (target && event.timeStamp - pressedAt < MAX_KEY_INTERVAL) {
        router.push(target.href);
      } else {
        followShortcut(event);
      }
    }
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [links, router]);

  return (
    <nav aria-label="Pages">
      {links.map(({ href, label, key }) => {
        const isHere = href === "/" ? path === "/" : path.startsWith(href);
        return (
          <Link
            key={href}
            href={href}
            prefetch={false}
            title={`G ${key.toUpperCase()}`}
            aria-current={isHere ? "page" : undefined}
          >
            {label}
          </Link>
        );
      })}
    </nav>
  );
}
