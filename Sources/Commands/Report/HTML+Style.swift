extension HTML {
  static let style = """
    \(colours)
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
    main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 60px; }
    .tool { margin: 0; color: var(--faint); letter-spacing: .04em; }
    h1 { margin: 0 0 20px; font-size: 28px; line-height: 1.2; overflow-wrap: anywhere; }
    h2 { margin: 0 0 12px; font-size: 17px; }
    section { margin: 0 0 22px; }
    section:not(.tiles):not(.charts) { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px; }
    .tiles { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); }
    .tiles div, .charts figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
    .tiles div { padding: 12px 16px; }
    .tiles p { margin: 0; color: var(--faint); font-size: 13px; }
    .tiles strong { font-size: 25px; font-variant-numeric: tabular-nums; }
    .charts { display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); }
    figure { margin: 0; }
    .charts figure { padding: 10px; }
    \(chart)
    table { border-collapse: collapse; width: 100%; }
    th, td { padding: 5px 8px; text-align: left; border-bottom: 1px solid var(--line); }
    tr:last-child td { border-bottom: 0; }
    th { color: var(--faint); font-weight: 500; font-size: 13px; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .bar { display: block; width: 100%; min-width: 80px; height: 9px; border-radius: 5px; background: var(--line); overflow: hidden; }
    .bar span { display: block; height: 100%; background: var(--blue); }
    td:has(.bar) { width: 45%; }
    .stack { position: relative; height: 22px; border-radius: 6px; overflow: hidden; margin-bottom: 10px; }
    .stack span { position: absolute; top: 0; bottom: 0; }
    .stack .blue, i.blue { background: var(--blue); } .stack .orange, i.orange { background: var(--orange); }
    .stack .green, i.green { background: var(--green); } .stack .grey, i.grey { background: var(--grey); }
    i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 8px; }
    .gallery { display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); }
    .gallery img { width: 100%; height: auto; display: block; border-radius: 6px; background: #fff; }
    .gallery .wide { grid-column: 1 / -1; }
    .wide img { max-width: 100%; height: auto; display: block; margin: 0 auto; border-radius: 6px; background: #fff; }
    figcaption { color: var(--faint); font-size: 13px; text-align: center; margin: 4px 0 18px; }
    pre { margin: 0; padding: 12px; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
    details { margin-top: 12px; } summary { cursor: pointer; color: var(--faint); margin-bottom: 8px; }
    """

  /// The colours of our pages and charts, by day and by night.
  static let colours = """
    :root { --paper: #fbfbfa; --card: #fff; --ink: #1f2430; --faint: #6b7280; --line: #e4e6ea;
      --blue: #2f5fd0; --orange: #d9711c; --green: #16916a; --grey: #9aa1ab;
      --violet: #7a4fc4; --red: #c23b4b; color-scheme: light dark; }
    @media (prefers-color-scheme: dark) { :root { --paper: #16181d; --card: #1e2127; --ink: #e8eaee; --faint: #9aa1ab;
      --line: #30343c; --blue: #7da2f5; --orange: #f0a35e; --green: #4cc79d; --grey: #6b7280; --violet: #b596f2;
      --red: #ee8490; } }
    """

  static let chart = """
    .chart { display: block; width: 100%; height: auto; }
    .chart text { fill: var(--ink); font-size: 12px; }
    .chart .title { font-size: 14px; font-weight: 600; }
    .chart .label { fill: var(--faint); font-variant-numeric: tabular-nums; }
    .chart .end { text-anchor: end; } .chart .middle { text-anchor: middle; }
    .chart .grid { stroke: var(--line); }
    .chart polyline, .chart g line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
    .chart .raw { stroke-width: 1; opacity: .28; }
    .chart .blue { stroke: var(--blue); } .chart circle.blue { fill: var(--blue); }
    .chart .orange { stroke: var(--orange); } .chart circle.orange { fill: var(--orange); }
    .chart .green { stroke: var(--green); } .chart circle.green { fill: var(--green); }
    .chart .violet { stroke: var(--violet); } .chart circle.violet { fill: var(--violet); }
    .chart .red { stroke: var(--red); } .chart circle.red { fill: var(--red); }
    .chart .grey { stroke: var(--grey); } .chart circle.grey { fill: var(--grey); }
    """
}
