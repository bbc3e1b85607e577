import { type RefCallback, useCallback } from "react";

/**
 * Returns a ref that keeps the height of its element in a CSS property of the page, so that other parts leave room for
 * it however large the text is.
 */
export function useHeight(property: `--${string}`): RefCallback<HTMLElement> {
  return useCallback(
    (element) => {
      if (!element) return;
      const { style } = document.documentElement;
      const observer = new ResizeObserver(() => style.setProperty(property, `${element.offsetHeight}px`));
      observer.observe(element);
      return () => observer.disconnect();
    },
    [property],
  );
}
