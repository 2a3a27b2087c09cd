/// What `fcn-dist train` trains where it is told nothing: the text of configs/quickstart.yaml.
package enum BuiltInRecipe {
  package static let yaml = """
    # A small FCN-8s that learns the synthetic scenes in a minute or two on two cores. It is also what
    # `fcn-dist train` uses where there is no configuration.
    model:
      architecture: fcn8s
      widths: [16, 24, 32, 48, 64]
      fc: 128
      dropout: 0.1
    data:
      augment:
        flip: 0.5
    batch:
      global: 8
      micro: 2
    optimizer:
      name: adamw
      learning_rate: 0.002
      weight_decay: 0.01
      gradient_clip: 1.0
    schedule:
      name: poly
      warmup_steps: 20
    train:
      steps: 400
      evaluate_every: 50
      checkpoint_every: 100

    """
}
