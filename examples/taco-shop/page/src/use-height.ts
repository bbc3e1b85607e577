import { type RefCallback, useCallback } from "react";

/**
 * Returns a ref that stores the height of its element in a CSS property of the page, so that other parts can leave
 * space for the element at any text size.
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
